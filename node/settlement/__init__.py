"""The keeper: brings every slot through its life on chain, from opening to final."""
