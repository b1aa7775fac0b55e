"""Files laid out as the official ones, with content of our own."""

import datetime as dt
import hashlib

from rcm.codes.loaders.parsed import Upload
from rcm.codes.model import System


def upload(data, name="file.txt", on=dt.date(2027, 10, 1)):
    raw = data.encode() if isinstance(data, str) else data
    return Upload(name, raw, hashlib.sha256(raw).hexdigest(), on)


def order_file(sets, system, on, *, without=(), extra=()):
    """An order file with every code in force on a date, some left out, some added."""
    lines = []
    titles = sets.titles(system)
    codes = [(code, titles[code] or "a title") for code in sets.codes_on(system, on)]
    kept = [(c, t) for c, t in codes if c not in without] + list(extra)
    for number, (code, title) in enumerate(sorted(kept), start=1):
        lines.append(f"{number:05d} {code:<7} 1 {title[:60]:<60} {title}")
    lines.insert(0, f"{0:05d} {'A00':<7} 0 {'Cholera':<60} Cholera")
    return "\r\n".join(lines) + "\r\n"


def anweb_line(code, record="3", words="A thing", short="thing", added="20200101", ended=""):
    line = f"{code:<5}00100{record}{words:<80}{short:<28}"
    return f"{line:<268}{added:<8}{added:<8}{ended:<8}N"


def anweb(count=5_000, extra=()):
    lines = [anweb_line(f"A{number:04d}", words=f"Supply {number}") for number in range(count)]
    return "\r\n".join([*lines, *extra])


PTP = (
    "Notice of the publisher\n"
    "Column1/Column2 Edits\n"
    "Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\n"
    "\t\tprior to 1996\tDate\tDate\t0=not allowed\n"
    "\t\t\t\t*=no data\t1=allowed\n"
    "\t\t\t\t\t9=not applicable\n"
    "J1000\tJ2000\t\t20250101\t*\t0\tMore extensive\n"
    "J1000\tJ3000\t\t20250101\t*\t1\tMisuse\n"
    "J1000\tJ4000\t*\t20250101\t20260331\t1\tMisuse\n"
    "J5000\tJ5001\t\t20250101\t20250101\t9\tDeleted"
)
MUE = (
    '"A notice\nof several lines","",""\n'
    '"HCPCS/\nCPT Code","Practitioner\nMUE Values","MUE Adjudication Indicator","MUE Rationale"\n'
    "J1000,4,1 Line Edit,Clinical\n"
    "J2000,2,2 Date of Service Edit: Policy,Policy\n"
    "J3000,10,3 Date of Service Edit: Clinical,Data\n"
)
TABLE5 = (
    "TABLE 5.-LIST OF MS-DRGS\n"
    "MS-DRG\tPost-Acute\tSpecial Pay\tMDC\tTYPE\tMS-DRG Title\tBefore cap\tWeights\tGMLOS\tAMLOS\n"
    "001\tNo\tNo\tPRE\tSURG\tHEART TRANSPLANT\t28.0947\t28.0947\t24.5\t35.5\n"
    "470\tYes\tNo\t08\tSURG\tMAJOR JOINT\t1.8000\t1.8123\t1.9\t2.3\n"
)
INDEX_HEAD = '<?xml version="1.0"?>\n<ICD10CM.index><version>2028</version>'


def index_xml(count=30_000):
    terms = "".join(
        f"<term level='1'><title>kind {n}</title><code>R52</code></term>" for n in range(count)
    )
    special = (
        "<mainTerm><title>Gronk <nemod>(acute)</nemod></title><code>J44.9</code>"
        "<term level='1'><title>with fever</title><code>R50.9</code></term></mainTerm>"
    )
    return (
        f"{INDEX_HEAD}<letter><title>A</title>{special}"
        f"<mainTerm><title>Ache</title>{terms}</mainTerm></letter></ICD10CM.index>"
    )


DIAGNOSES = System.ICD10CM
