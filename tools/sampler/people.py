"""Invented people, providers and numbers that pass the checks real ones must pass."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

LAST = [
    "Abernathy",
    "Baptiste",
    "Castellano",
    "Dombrowski",
    "Eriksen",
    "Fairweather",
    "Gutierrez",
    "Hallinan",
    "Ibarra",
    "Jankowski",
    "Kowalczyk",
    "Lindqvist",
    "Montague",
    "Nakamura",
    "Oyelaran",
    "Petrosyan",
    "Quintero",
    "Rasmussen",
    "Szymanski",
    "Thibodeaux",
    "Underhill",
    "Valderrama",
    "Whitlock",
    "Xiong",
    "Yamashita",
    "Zielinski",
]
FIRST_F = [
    "Ada",
    "Beatriz",
    "Clara",
    "Dorothea",
    "Elin",
    "Fatima",
    "Greta",
    "Hana",
    "Ines",
    "Jolene",
    "Katya",
    "Lucinda",
    "Mei",
    "Noor",
    "Odile",
    "Priya",
]
FIRST_M = [
    "Amos",
    "Bram",
    "Cyrus",
    "Dmitri",
    "Elias",
    "Farid",
    "Goran",
    "Hugo",
    "Ivo",
    "Jonas",
    "Kofi",
    "Leon",
    "Marek",
    "Nils",
    "Omar",
    "Pavel",
]
STREETS = [
    "Alder",
    "Birch",
    "Cedar",
    "Dogwood",
    "Elm",
    "Fir",
    "Ginkgo",
    "Hawthorn",
    "Juniper",
    "Laurel",
    "Maple",
    "Oak",
]


@dataclass(frozen=True)
class Person:
    """Somebody invented."""

    last: str
    first: str
    middle: str
    sex: str
    born_on: date
    street: str
    city: str
    state: str
    postal: str
    phone: str
    record_number: str


@dataclass(frozen=True)
class Doctor:
    """A provider with an NPI that passes its check digit."""

    npi: str
    last: str
    first: str
    taxonomy: str


def npi(stem: int) -> str:
    """Return a ten-digit NPI for a stem: first digit 1, check digit by Luhn with prefix 80840."""
    nine = f"1{stem % 10**8:08d}"
    total = 24 + sum(
        int(d) if place % 2 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(nine)
    )
    return nine + str(-total % 10)


def person(random: Random, number: int, city: tuple[str, str, str], as_of: date) -> Person:
    """Invent a patient."""
    sex = random.choice("FM")
    return Person(
        last=random.choice(LAST),
        first=random.choice(FIRST_F if sex == "F" else FIRST_M),
        middle=random.choice("ABCDEFGHJKLM"),
        sex=sex,
        born_on=as_of - timedelta(days=random.randint(19 * 365, 90 * 365)),
        street=f"{random.randint(1, 999)} {random.choice(STREETS)} St",
        city=city[0],
        state=city[1],
        postal=city[2],
        phone=f"555{random.randint(1000000, 9999999)}",
        record_number=f"M{number:08d}",
    )


def doctors(random: Random, stem: int, taxonomy: str, count: int) -> list[Doctor]:
    """Invent the providers of a place."""
    return [
        Doctor(npi(stem + 17 * n), random.choice(LAST), random.choice(FIRST_F + FIRST_M), taxonomy)
        for n in range(count)
    ]
