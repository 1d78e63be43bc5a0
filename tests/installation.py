"""An installation for the tests that need sites, calendars and vaccine, made of the import formats."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parent.parent
SITES = ROOT / "data" / "ocm_2021-06-14.csv"
JIHLAVA = "CZ0632"


def operator(name: str, port: int, **choices: int) -> str:
    """The settings of an operator whose centre is our simulated one on this machine."""
    account = f'name = "{name}"\nhost = "127.0.0.1"\nport = {port}\nsystem_id = "crs"\npassword = "secret"\n'
    return "[[operators]]\n" + account + "".join(f"{key} = {value}\n" for key, value in choices.items())


def site_ids(district: str = JIHLAVA) -> list[str]:
    """The registry's sites of a district."""
    lines = SITES.read_text("utf-8-sig").splitlines()
    return [line.split(",")[0] for line in lines if district in line]


def calendars(rows: Iterable[str]) -> str:
    """The import format, of rows that are written without the site's id: one set for each site of Jihlava."""
    header = "site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity"
    return "\n".join([header, *(f"{site},{row}" for site in site_ids() for row in rows)])


def deliveries(product: str, doses: int, day: date) -> str:
    """As many doses for each site of Jihlava."""
    header = (
        "datum,ockovaci_misto_id,ockovaci_misto_nazev,kraj_nuts_kod,kraj_nazev,cilove_ockovaci_misto_id,"
        "cilove_ockovaci_misto_nazev,cilovy_kraj_kod,cilovy_kraj_nazev,ockovaci_latka,vyrobce,akce,"
        "pocet_ampulek,pocet_davek"
    )
    rows = [f"{day},{site},x,CZ063,x,,,,,{product},x,Příjem,1,{doses}" for site in site_ids()]
    return "\n".join([header, *rows])
