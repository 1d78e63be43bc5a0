"""What people may come for, read from a file."""

import pytest

from core.geography import load_postcodes
from core.open_data import UnreadableFile
from core.services import Referral, UnusableServices, load_services
from core.sites import Kind, Method, diff, read_registry
from gateway.compose import DATA, load_vaccines

VACCINES = load_vaccines()
POSTCODES = load_postcodes((DATA / "psc_geo.csv").read_bytes(), (DATA / "towns.csv").read_bytes())
SHIPPED = (DATA / "services.toml").read_text("utf-8")
SAMPLING = (DATA / "odberova_mista_2021-06-14.csv").read_text("utf-8")
VACCINATION = SHIPPED[SHIPPED.index("[vaccination]") : SHIPPED.index("[pcr]")]
FLU = '[flu]\nlabel = { cs = "x", en = "x", uk = "x" }\n'


def test_the_shipped_services_are_vaccination_and_two_tests() -> None:
    services = load_services(SHIPPED, VACCINES)
    assert services.vaccination.rounds == 2
    pcr, antigen = services.at_once
    assert (pcr.referral, pcr.price, antigen.price) == (Referral.OPTIONAL, 1756, None)
    assert services.products.find("PCR test") == pcr.products.by_key["pcr"]


@pytest.mark.parametrize(
    ("added", "said"),
    [
        pytest.param("[", "not TOML", id="no TOML"),
        pytest.param("[flu]\n", "no words in cs", id="no label"),
        pytest.param(FLU, "no products", id="no products"),
        pytest.param(f'{FLU}products = {{ a = "A" }}\n', "no kinds", id="no kinds"),
        pytest.param(
            f'{FLU}products = {{ comirnaty = "C" }}\nkinds = ["OČM"]\n', "is one of", id="a vaccine"
        ),
        pytest.param(f"{FLU}invited = true\n", "vaccination invites", id="another that invites"),
        pytest.param(f"{FLU}rounds = 2\n", "intervals", id="two rounds"),
        pytest.param(
            f'{FLU}products = {{ a = "A" }}\nkinds = ["OČM"]\nprice = 0\n',
            "price = 0 is not between",
            id="no price",
        ),
        pytest.param(f'{FLU}products = {{ a = "A" }}\nkinds = ["X"]\n', "'X' is none of", id="a kind"),
        pytest.param(
            f'{FLU}products = {{ a = "A" }}\nkinds = ["OČM"]\npirce = 3\n', "says pirce", id="a slip"
        ),
    ],
)
def test_a_service_that_cannot_be_used_is_refused_in_words(added: str, said: str) -> None:
    with pytest.raises(UnusableServices, match=said):
        load_services(VACCINATION + added, VACCINES)


def test_every_real_sampling_site_is_read_with_its_methods() -> None:
    read = read_registry(SAMPLING, POSTCODES)
    assert (len(read.sites), read.quarantined) == (629, ())
    assert {site.kind for site in read.sites} == {Kind.SAMPLING}
    drive_in = sum(Method.DRIVE_IN in site.methods for site in read.sites)
    assert drive_in == 120


def test_an_import_of_one_registry_takes_nothing_of_the_other() -> None:
    vaccination = read_registry((DATA / "ocm_2021-06-14.csv").read_bytes(), POSTCODES)
    sampling = read_registry(SAMPLING, POSTCODES)
    known = {site.site_id: site for site in (*vaccination.sites, *sampling.sites)}
    for read in (vaccination, sampling):
        assert not diff(read.concerned(known), read.sites, silent=read.silent).gone
        assert diff(known, read.sites, silent=read.silent).gone  # what would have been lost


def test_bad_sampling_rows_are_set_aside_and_a_header_that_lacks_columns_is_refused() -> None:
    header, first, second, *_ = SAMPLING.splitlines()
    bad = first.replace(",160,", ",many,")
    read = read_registry("\n".join([header, bad, second, second]), POSTCODES)
    assert [q.line_number for q in read.quarantined] == [2, 4]
    assert len(read.sites) == 1
    with pytest.raises(UnreadableFile, match="drive_in"):
        read_registry("\n".join([header.removesuffix(",drive_in"), first]), POSTCODES)
