"""The hub over HTTP: devices register and send readings, systems ask for them, anybody reads the market.

Build an application with `node.hub.app.create_app` and serve it with `node.hub.server.HubServer`.
"""
