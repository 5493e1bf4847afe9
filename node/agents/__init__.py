"""The home: it forecasts, bids, delivers what was matched, measures, signs and sends (C-29 to C-37)."""
