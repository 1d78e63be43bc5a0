"""The words people answer with, plain (no accents, lower case), a table per language.

To speak another language, add its line to every table. Where two languages read a word
differently, the table that wins says so.
"""

from collections.abc import Iterable, Mapping
from typing import Final

POLITE: Final = {
    "cs": "prosim vas te dekuji dekuju diky dik dobry den vecer zdravim ahoj pekny hezky",
    "en": "please pls thanks thank you hello hi",
    "uk": "будь ласка дякую добрии день вечір привіт вітаю",
}

YES: Final = {
    "cs": """ano jo joo jj jasne jiste urcite samozrejme souhlasim souhlas ok oki okej dobre fajn potvrzuji
        potvrzuju potvrdit chci beru plati spravne presne a""",
    "en": "yes y yep yeah yup okay sure correct agree agreed confirm confirmed right",
    "uk": "так ага звичаино згоден згодна погоджуюсь погоджуюся добре підтверджую хочу tak",
}
YES_PHRASES: Final = {
    "cs": ("v poradku", "muze byt", "no jo", "no ano", "no jasne", "bez vyhrad", "to sedi", "sedi"),
    "en": ("of course", "i do", "all right", "that is right", "thats right", "that s right", "go ahead"),
    "uk": ("все вірно", "все правильно", "так звичаино"),
}
NO: Final = {
    "cs": """ne nee n nechci nesouhlasim nesouhlas nikoli nikoliv odmitam nepotvrzuji nepotvrzuju nemam neberu
        neplati spatne nespravne nesedi neni""",
    # Czech says "no" for "well, yes" too, but never alone in answer to ANO or NE.
    "en": "no nope nah disagree wrong incorrect never",
    "uk": "ні не нема немає неправильно невірно відмовляюсь відмовляюся nemaje",
}
NO_PHRASES: Final = {
    "cs": (
        "neni spravne",
        "neni to spravne",
        "to neni spravne",
        "v zadnem pripade",
        "ani nahodou",
        "radeji ne",
    ),
    "en": ("i do not", "i dont", "i don t", "do not", "dont", "don t", "not correct", "not right", "not now"),
    "uk": ("не хочу", "не згоден", "не згодна", "не правильно"),
}
# They add nothing to an answer that has one.
NEUTRAL: Final = {
    "cs": "to je tak s tim si vse jsem ho",
    "en": "i it is that this",
    "uk": "це я є",
}

# The words for 1, 2, 3 … in this order.
CARDINALS: Final = {
    "cs": (
        "jedna jeden jedno jednu jednicka jednicku",
        "dva dve dvojka dvojku",
        "tri trojka trojku",
        "ctyri ctyrka ctyrku",
        "pet petka petku",
        "sest sestka sestku",
        "sedm sedmicka sedmicku",
        "osm osmicka osmicku",
        "devet devitka devitku",
        "deset desitka desitku",
        "jedenact jedenactka jedenactku",
        "dvanact dvanactka dvanactku",
        "trinact",
        "ctrnact",
    ),
    "en": (
        *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
        *("eleven", "twelve", "thirteen", "fourteen"),
    ),
    "uk": (
        "один одна одне одну odyn",
        "два дві dva",
        "три",
        "чотири",
        "пять",
        "шість",
        "сім",
        "вісім",
        "девять",
        "десять",
    ),
}
ORDINALS: Final = {
    "cs": (
        "prvni prvniho prvnim prvnimu prvy prva prvou",
        "druhy druha druhe druhou druheho druhym",
        "treti tretiho tretim tretimu",
        "ctvrty ctvrta ctvrte ctvrtou ctvrteho ctvrtym",
        "paty pata pate patou pateho patym",
        "sesty sesta seste sestou sesteho sestym",
        "sedmy sedma sedme sedmou sedmeho sedmym",
        "osmy osma osme osmou osmeho osmym",
        "devaty devata devate devatou devateho devatym",
        "desaty desata desate desatou desateho desatym",
    ),
    "en": (
        *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
        *("eleventh", "twelfth"),
    ),
    "uk": (
        "першии перша перше першу",
        "другии друга друге другу",
        "третіи третя третє третю",
        "четвертии четверта четверте четверту",
        "пятии пята пяте пяту",
        "шостии шоста шосте шосту",
        "сьомии сьома сьоме сьому",
        "восьмии восьма восьме восьму",
        "девятии девята девяте девяту",
    ),
}
LAST: Final = {
    "cs": "posledni posledniho poslednim",
    "en": "last",
    "uk": "останніи остання останнє останню",
}
# They may stand around the number of an option.
AROUND_A_CHOICE: Final = {
    "cs": """c cis cislo cislem cislu volba volbu volby moznost moznosti varianta variantu bod termin terminu
        misto mista datum ten ta to tu tuto za beru chci volim vybiram zvolim bude je pod""",
    "en": """the option number no nr num choice date place item choose take want pick i ll would like
        st nd rd th""",
    "uk": "номер цифра варіант хочу беру вибираю дата місце за",
}

# Monday to Sunday; "ne" is also no, "po" also after: dates.py says when they are days.
WEEKDAYS: Final = {
    "cs": (
        "pondeli pondelka pondelek po",
        "utery uterek ut",
        "streda stredu stredy st",
        "ctvrtek ctvrtka ct",
        "patek patku pa",
        "sobota sobotu soboty so",
        "nedele nedeli ne",
    ),
    "en": (
        "monday mondays mon",
        "tuesday tuesdays tue tues",
        "wednesday wednesdays wed",
        "thursday thursdays thu thur thurs",
        "friday fridays fri",
        "saturday saturdays sat",
        "sunday sundays sun",
    ),
    "uk": (
        "понеділок понеділка пн",
        "вівторок вівторка вт",
        "середа середу середи ср",
        "четвер четверга чт",
        "пятниця пятницю пт",
        "субота суботу сб",
        "неділя неділю нд",
    ),
}
MONTHS: Final = {
    "cs": (
        "leden ledna lednu led",
        "unor unora unoru uno",
        "brezen brezna breznu bre",
        "duben dubna dubnu dub",
        "kveten kvetna kvetnu kve",
        "cerven cervna cervnu",
        "cervenec cervence cervenci",
        "srpen srpna srpnu srp",
        "zari zar",
        "rijen rijna rijnu rij",
        "listopad listopadu lis",
        "prosinec prosince prosinci",
    ),
    "en": (
        "january jan",
        "february feb",
        "march mar",
        "april apr",
        "may",
        "june jun",
        "july jul",
        "august aug",
        "september sep sept",
        "october oct",
        "november nov",
        "december dec",
    ),
    "uk": (
        "січень січня",
        "лютии лютого",
        "березень березня",
        "квітень квітня",
        "травень травня",
        "червень червня",
        "липень липня",
        "серпень серпня",
        "вересень вересня",
        "жовтень жовтня",
        "листопад листопада",
        "грудень грудня",
    ),
}
DAYS_AWAY: Final = {
    "cs": {
        "dnes": 0,
        "dneska": 0,
        "zitra": 1,
        "zejtra": 1,
        "pozitri": 2,
        "pozejtri": 2,
        "popozitri": 3,
        "vcera": -1,
        "predevcirem": -2,
    },
    "en": {"today": 0, "tomorrow": 1, "tmrw": 1, "day after tomorrow": 2, "yesterday": -1},
    "uk": {"сьогодні": 0, "завтра": 1, "післязавтра": 2, "вчора": -1},
}
# In days; after "za" or "in".
SPANS: Final = {
    "cs": {"den": 1, "dny": 1, "dni": 1, "dnu": 1, "tyden": 7, "tydny": 7, "tydnu": 7},
    "en": {"day": 1, "days": 1, "week": 7, "weeks": 7},
    "uk": {"день": 1, "дні": 1, "днів": 1, "тиждень": 7, "тижні": 7, "тижнів": 7},
}
NEXT: Final = {
    "cs": "pristi",
    "en": "next",
    "uk": "наступнии наступна наступноі наступну",
}
THIS: Final = {
    "cs": "tento tuto toto tenhle tuhle tohle",
    "en": "this",
    "uk": "цеи ця цю",
}
WEEK: Final = {
    "cs": "tyden",
    "en": "week",
    "uk": "тиждень тижня",
}
MORNING: Final = {
    "cs": "rano dopoledne",
    "en": "morning am",
    "uk": "ранок вранці зранку",
}
AFTERNOON: Final = {
    "cs": "odpoledne vecer",
    "en": "afternoon evening pm",
    "uk": "вдень ввечері пообіді",
}
# They may stand around a day and a time.
AROUND_A_DAY: Final = {
    "cs": """v ve na dne den chci chtel chtela bych termin ten hodin hodine hodinu hodiny hod h hodi se mi by
        to slo nejlepe treba""",
    "en": "on the at of in a i would like date day want",
    "uk": "в у на о об день дата хочу годині година",
}

HELP: Final = {
    "cs": ("pomoc", "napoveda", "pomoz", "pomozte", "pomozte mi", "potrebuji pomoc", "pomoct"),
    "en": ("help", "help me", "i need help"),
    "uk": ("допомога", "допоможіть", "поміч", "dopomoha"),
}
BACK: Final = {
    "cs": ("zpet", "zpatky", "krok zpet", "o krok zpet", "jit zpet"),
    "en": ("back", "go back", "step back"),
    "uk": ("назад", "крок назад", "nazad"),
}
QUIT: Final = {
    "cs": ("konec", "ukoncit", "ukonci", "skoncit", "koncim"),
    "en": ("end", "quit", "exit"),
    "uk": ("кінець", "завершити", "закінчити", "вихід"),
}
OPERATOR: Final = {
    "cs": (
        *("operator", "operatora", "operatorka", "operatorku", "chci operatora", "clovek"),
        *("spojit s operatorem", "mluvit s operatorem", "chci mluvit s operatorem", "s operatorem"),
    ),
    "en": ("agent", "human", "talk to operator", "talk to an operator", "call center"),
    "uk": ("оператор", "оператора", "людина", "хочу оператора"),
}
MORE: Final = {
    "cs": (
        *("dalsi", "vice", "vic", "ukaz dalsi", "jeste dalsi", "chci dalsi"),
        *("dalsi termin", "dalsi terminy", "dalsi moznosti", "dalsi mista"),
    ),
    "en": ("more", "next", "show more", "more dates", "more options", "next page"),
    "uk": ("ще", "далі", "інші", "більше", "показати ще"),
}
STOP: Final = {
    "cs": ("odhlasit", "odhlasit se", "neposilat", "neposilejte"),
    "en": ("stop", "stop all", "stopall", "unsubscribe", "opt out"),
    "uk": ("стоп", "відписатися", "не надсилати", "не надсилаите"),
}


def merged(tables: Mapping[str, str]) -> frozenset[str]:
    """The words of every language together."""
    return frozenset(word for table in tables.values() for word in table.split())


def phrases(tables: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The phrases of every language together."""
    return frozenset(phrase for table in tables.values() for phrase in table)


def numbered(tables: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Every form of the words for 1, 2, 3 … with its number."""
    return {
        form: n for table in tables.values() for n, forms in enumerate(table, 1) for form in forms.split()
    }
