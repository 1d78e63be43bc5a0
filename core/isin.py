"""Doses as the register of infectious diseases (ISIN) is told of them: one row each, in the fields of DASTA.

The names are those of the blocks *ip* and *davka* of the ministry's data standard, as far as they are
public; what is ours, and what is assumed, says `docs/doses.md`.
"""

from datetime import date
from typing import Final

from core.doses import Dose
from core.insurance_number import Impossible, Sex, judge
from core.products import Products

COLUMNS: Final = (
    "rodcis",
    "jmeno",
    "prijmeni",
    "dat_dn",
    "sex",
    "pojistovna",
    "id_davka",
    "ind_oprav_sd",
    "cis_davky",
    "poc_davek",
    "nazev_ol",
    "cis_sarze",
    "datum_aplikace",
    "aplikoval",
    "ockovaci_misto_id",
    "ockovaci_misto_nazev",
    "nrpzs_kod",
)
NEW: Final = "N"
CANCELLED: Final = "S"
_SEX: Final = {Sex.MALE: "M", Sex.FEMALE: "F"}


def row(
    dose: Dose,
    *,
    dose_id: int,
    is_withdrawn: bool,
    number: str,
    first_name: str | None,
    last_name: str | None,
    birth_date: date | None,
    insurer: str | None,
    site_name: str,
    nrpzs_code: str | None,
    products: Products,
) -> tuple[str, ...]:
    """The cells of a dose, in the order of the columns; empty where nobody has said."""
    verdict = judge(number, today=dose.given_on)
    born, sex = birth_date, ""
    if not isinstance(verdict, Impossible):
        born, sex = born or verdict.birth_date, _SEX[verdict.sex]
    product = products.by_key[dose.product]
    return (
        number,
        first_name or "",
        last_name or "",
        born.isoformat() if born else "",
        sex,
        insurer or "",
        str(dose_id),
        CANCELLED if is_withdrawn else NEW,
        str(dose.number),
        str(product.doses),
        product.name,
        dose.lot,
        dose.given_on.isoformat(),
        dose.given_by,
        str(dose.site_id),
        site_name,
        nrpzs_code or "",
    )
