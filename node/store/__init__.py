"""What the chain does not hold, and a projection of what it does: SQLAlchemy tables behind repositories.

Open a database with `Database.open(url)`, write inside `with database.write() as work: ...; work.commit()`
and read inside `with database.read() as view: ...`. Leaving a `write` without `commit` rolls everything back.
"""
