"""Every change of a state in a database, seen by triggers: what no book can hide."""

from typing import Final

from sqlalchemy import Connection, text

from core.states import DOSE, INVITATION, OFFER, ORDER, REGISTRATION, RESERVATION, Machine

OF_TABLE: Final[dict[str, tuple[Machine, ...]]] = {
    "registrations": (REGISTRATION, ORDER),
    "invitations": (INVITATION,),
    "reservations": (RESERVATION,),
    "doses": (DOSE,),
    "substitute_offers": (OFFER,),
}

_SEE = """
CREATE TABLE seen (of text, old text, new text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen VALUES (TG_TABLE_NAME, OLD.state, NEW.state);
    RETURN NEW;
END $$;
"""
_SEE_TABLE = """
CREATE TRIGGER see_{table} AFTER UPDATE ON {table}
FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION see()
"""


def watch(db: Connection) -> None:
    """See changes from now on; this database is not like the others any more."""
    for statement in (_SEE, *(_SEE_TABLE.format(table=table) for table in OF_TABLE)):
        db.execute(text(statement))


def seen(db: Connection) -> set[tuple[str, str, str]]:
    """The table, the state before and the state after of every change since then."""
    return {(row.of, row.old, row.new) for row in db.execute(text("SELECT DISTINCT of, old, new FROM seen"))}


def in_tables() -> set[tuple[str, str, str]]:
    """The changes that `core.states` has."""
    return {
        (table, old, new)
        for table, machines in OF_TABLE.items()
        for machine in machines
        for old, new in machine.pairs
    }
