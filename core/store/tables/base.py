"""What every table is made of."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_(name: str) -> Column[int]:
    """A number that the database gives."""
    return Column(name, BigInteger, Identity(always=True), primary_key=True)


def at(name: str, *, nullable: bool = False) -> Column[Any]:
    """A moment, in UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def text_(name: str, *, nullable: bool = False, default: str | None = None) -> Column[str]:
    """Words."""
    return Column(name, Text, nullable=nullable, server_default=default)
