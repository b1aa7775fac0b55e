"""Claim adjustment reason codes (835 CAS02, code source 139): what each means for money and work.

Code numbers are the standard's; wording, category and action are ours. One row:

    codes | groups | class | family | category | action | account | wording

class    C contractual, P patient share, I informational, W waits for the payer, D denial,
         R taken back. C, I, W are no denial at whatever amount.
account  Where the ledger puts it (table.py); D and R stand in `denied`, and need none.
action   FIX corrected claim (frequency 7), NEW new claim (frequency 1), DOC send records,
         APP appeal, COB other coverage first, PAT the patient, PROV provider data, WO write off
         after checks, CALL ask the payer.

A line `@ from through` dates the rows below it (`-` leaves an end open). A code that retires stays,
for payers send it late; a new meaning is a new row with its own dates.
"""

from typing import Final

VERSION: Final = "2026-11-01"
"""The publication of the code list that the table was last compared with."""

REASONS: Final = """
@ 1995-01-01 -
1 | PR | P | patient-share | deductible | PAT | patient | deductible
2 | PR | P | patient-share | coinsurance | PAT | patient | coinsurance
3 | PR | P | patient-share | copay | PAT | patient | copay
275 | PR | P | patient-share | prior-patient-share | PAT | patient | share left by an earlier payer
100 | PR,OA | P | patient-share | paid-to-patient | PAT | paid_to_patient | payer paid the patient
45 | CO,PR | C | contract | contractual | CALL | contractual | above the agreed fee
59 | CO | C | contract | pricing | CALL | contractual | several procedures priced together
94 | CO | C | contract | pricing | CALL | contractual | paid above the charge
104 | CO | C | contract | withhold | CALL | withhold | withheld under managed care
131 | CO | C | contract | pricing | CALL | contractual | discount agreed for this claim
144 | CO | C | contract | pricing | CALL | contractual | incentive
237 | CO | C | contract | pricing | CALL | contractual | penalty set by law
253 | CO | C | contract | sequestration | CALL | sequestration | federal budget cut
246 | CO | I | information | reporting-only | CALL | information | code that only reports
101 | OA,CO | I | information | predetermination | CALL | information | estimate before the service
23 | OA | I | cob | prior-payer | COB | coordination | what an earlier payer did
209 | OA | I | cob | next-payer | COB | coordination | not the patient's; next payer may be asked
B11 | OA | I | cob | forwarded | COB | coordination | sent on to the payer that is liable
187 | OA | I | consumer-account | consumer-account | PAT | consumer_account | spending account pays
133 | OA | W | pending | pending | CALL | pending | line is still under review
257,277 | OA | W | pending | grace-period | CALL | pending | premium grace period
B13 | CO | D | duplicate | duplicate | APP | | may have been paid before
18 | OA | D | duplicate | duplicate | FIX | | same claim or line twice
4 | CO | D | coding | coding-modifier | FIX | | modifier missing or wrong
5 | CO | D | coding | coding-place-of-service | FIX | | procedure does not fit the place
6 | CO | D | demographics | demographics-age | FIX | | procedure does not fit the age
7 | CO | D | demographics | demographics-sex | FIX | | procedure does not fit the sex
8 | CO | D | provider-data | provider-taxonomy | PROV | | procedure does not fit the specialty
9 | CO | D | demographics | demographics-age | FIX | | diagnosis does not fit the age
10 | CO | D | demographics | demographics-sex | FIX | | diagnosis does not fit the sex
11 | CO | D | medical-necessity | medical-necessity-linkage | FIX | | diagnosis does not support it
12 | CO | D | coding | coding-diagnosis | FIX | | diagnosis does not fit the specialty
13 | CO | D | demographics | demographics-death | NEW | | date of death before the service
14 | CO | D | demographics | demographics-birth | NEW | | birth date after the service
16 | CO | D | technical | technical | FIX | | information missing or wrong on the claim
19 | CO,PR | D | wrong-payer | wrong-payer-liability | COB | | work injury
20 | CO,PR | D | wrong-payer | wrong-payer-liability | COB | | somebody else is liable
21 | CO,PR | D | wrong-payer | wrong-payer-liability | COB | | no-fault carrier is liable
22 | CO,OA,PR | D | cob | cob | COB | | another payer comes first
24 | CO | D | wrong-payer | wrong-payer-capitated | COB | | under capitation or managed care
26,27,200 | PR | D | eligibility | eligibility | COB | | not covered on the day
29 | CO | D | timely-filing | timely-filing | APP | | filed too late
31,32,33,34 | PR,CO | D | eligibility | eligibility-identity | NEW | | member not recognised
35,119,149 | PR | D | benefit | benefit-maximum | COB | | benefit used up
39 | CO | D | authorization | authorization | APP | | refused when it was asked for
40 | CO,PR | D | medical-necessity | medical-necessity-level | APP | | not an emergency
49 | PR | D | non-covered | non-covered-routine | FIX | | routine or screening
50 | CO,PR | D | medical-necessity | medical-necessity | DOC | | not found necessary
54 | CO | D | coding | coding-assistant | FIX | | several surgeons or assistant
55,56 | CO,PR | D | experimental | experimental | APP | | not proven, in the payer's view
58 | CO | D | coding | coding-place-of-service | FIX | | place not suitable
60 | CO | D | bundling | bundling-inpatient-window | FIX | | belongs to a nearby inpatient stay
78 | CO,PR | D | inpatient | inpatient-days | APP | | days not covered
95 | CO | D | authorization | authorization-process | APP | | plan's procedure not followed
96 | CO,PR | D | non-covered | non-covered | CALL | | not covered
97 | CO | D | bundling | bundling | FIX | | part of another service
107 | CO | D | technical | technical-related-claim | FIX | | related service not on the claim
109 | CO,OA | D | wrong-payer | wrong-payer | NEW | | belongs to another payer
110 | CO | D | technical | technical-dates | FIX | | billed before the service
112 | CO | D | documentation | documentation | DOC | | not shown to be done
116 | CO | D | notice | notice | WO | | advance notice not valid
128 | CO | D | bundling | bundling-newborn | WO | | newborn counted with the mother
129 | CO,OA | D | cob | cob-data | FIX | | earlier payer's figures wrong
135 | CO | D | billing-period | billing-type | NEW | | interim bill not taken
136 | OA | D | cob | cob | COB | | earlier payer's rules not followed
140 | CO,PR | D | eligibility | eligibility-identity | NEW | | number and name do not match
146 | CO | D | coding | coding-diagnosis | FIX | | diagnosis not valid on the day
147 | CO | D | contract | contract-rate | CALL | | no agreed rate on file
148 | CO | D | documentation | documentation-other-provider | DOC | | another provider's papers
150,152 | CO | D | medical-necessity | medical-necessity-level | DOC | | level or length
151 | CO | D | medical-necessity | medical-necessity-frequency | DOC | | too many or too often
163,164 | CO | D | documentation | documentation-attachment | DOC | | attachment missing or late
167 | CO,PR | D | medical-necessity | medical-necessity-diagnosis | APP | | diagnosis not covered
170,171,172 | CO | D | provider-data | provider-type | PROV | | not paid to this kind of provider
177 | PR | D | eligibility | eligibility | COB | | conditions of coverage not met
181,182 | CO | D | coding | coding-date | FIX | | code or modifier not valid on the day
183,184,185 | CO | D | enrolment | provider-enrolment | PROV | | provider may not do, order or refer
189 | CO | D | coding | coding-unlisted | FIX | | a specific code exists
190 | CO | D | bundling | bundling-nursing-facility | COB | | nursing facility is to be billed
193 | CO | D | appeal-lost | appeal-lost | APP | | first decision stands
194 | CO | D | coding | coding-anaesthesia | WO | | anaesthesia by the surgeon
197,198 | CO | D | authorization | authorization | APP | | authorization absent or exceeded
199 | CO | D | coding | coding-revenue | FIX | | revenue and procedure code disagree
204 | PR | D | non-covered | non-covered-plan | COB | | not in the patient's plan
206,207,208 | CO | D | provider-data | provider-npi | FIX | | provider number missing or not matched
210 | CO | D | authorization | authorization-late | APP | | authorization came late
216 | CO | R | audit | audit | APP | | found by a review organisation
222 | CO | D | contract | contract-maximum | CALL | | more than the contract pays
226 | CO | D | documentation | documentation-provider | DOC | | provider did not answer a request
227 | PR | D | patient-info | patient-info | PAT | | patient did not answer a request
231,236 | CO | D | bundling | bundling-pair | FIX | | not paid together on one day
233 | CO | D | quality | quality | APP | | condition acquired in hospital
234 | CO | D | bundling | bundling | WO | | never paid alone
238 | PR | D | eligibility | eligibility-span | PAT | | partly outside coverage
239 | CO | D | eligibility | eligibility-span | NEW | | partly outside coverage; split it
242,243 | PR,CO | D | network | network-referral | APP | | not through the plan's doctor
249 | CO | D | clinical | clinical-readmission | APP | | readmission
250,251,252 | CO | D | documentation | documentation-attachment | DOC | | papers wanted or wrong
256 | CO | D | contract | contract-managed-care | CALL | | not payable under the contract
258 | PR,CO | D | wrong-payer | wrong-payer-custody | COB | | patient was in custody
261 | CO | D | coding | coding-history | FIX | | does not fit the patient's history
267,268 | CO | D | billing-period | billing-period | NEW | | spans months or years; split it
272,273 | CO | D | coverage-policy | coverage-policy | APP | | coverage guideline
276 | CO,PR | D | cob | cob | COB | | refused by an earlier payer
279 | PR | D | network | network | PAT | | outside the preferred network
282 | CO | D | coding | coding-bill-type | FIX | | code does not fit the type of bill
284,296 | CO | D | authorization | authorization-mismatch | FIX | | for another service
285,286 | CO | D | appeal-lost | appeal-process | WO | | appeal not in form or time
287,288 | CO,PR | D | referral | referral | FIX | | referral exceeded or absent
A1 | CO,PR | D | unspecified | unspecified | CALL | | refused, reason in the remark
A8 | CO | D | coding | coding-drg | FIX | | cannot be grouped
B1 | PR,CO | D | benefit | benefit-visits | PAT | | visits not covered
B4 | CO | D | timely-filing | timely-filing-penalty | APP | | penalty for late filing
B7 | CO | D | credentialing | credentialing | PROV | | provider not certified on the day
B9 | CO | D | wrong-payer | wrong-payer-hospice | FIX | | patient is in hospice
B12 | CO | D | documentation | documentation-record | DOC | | not in the record
B14 | CO | D | coding | coding-visit | FIX | | one visit a day
B15 | CO | D | coding | coding-qualifying-service | FIX | | service that it depends on is missing
B16 | CO | D | coding | coding-new-patient | FIX | | patient was not new
B20 | CO | D | duplicate | duplicate-other-provider | APP | | done by another provider
B22 | CO | D | coding | coding-diagnosis | FIX | | adjusted for the diagnosis
B23 | CO | D | provider-data | provider-laboratory | FIX | | laboratory certificate
"""

REMARKS: Final = """
MA130 | * | | NEW | no-appeal | unprocessable: nothing to appeal, send a new claim
N211 | * | | | no-appeal | this decision cannot be appealed
N265,N276,N264 | 16,183,184,206,207,208 | provider-ordering | FIX | | ordering provider
N290,N291 | 16,185,206,207,208 | provider-rendering | FIX | | rendering provider
N285,N286 | 16,183,206,207,208 | provider-referring | FIX | | referring provider
N257,N258 | 16,206,207,208 | provider-billing | FIX | | billing provider
N293,MA114 | 16 | provider-facility | FIX | | service facility
M76,M64,MA63 | 16 | coding-diagnosis | FIX | | diagnosis
M51,M20,N56 | 16 | coding-procedure | FIX | | procedure code
M77 | 16 | coding-place-of-service | FIX | | place of service
M53 | 16 | coding-units | FIX | | days or units
M119 | 16 | coding-drug | FIX | | drug code
M62,N54 | 16 | authorization-number | FIX | | authorization number
MA61,MA36,MA27,N382 | 16 | eligibility-identity | NEW | | patient's name or number
MA04,N4,N479,MA92,N245 | 16,96,226,227,252,129 | cob-data | COB | | other coverage
N30 | 16,96 | eligibility | COB | | not eligible for it
N115,N386 | 16,50,96 | medical-necessity-policy | DOC | | coverage policy
N425,N130 | 96 | non-covered-plan | COB | | excluded by the plan
M15,M80,N19 | 96,234 | bundling | FIX | | part of another service
N362,N640 | 96,151 | medical-necessity-units | DOC | | more than is accepted
N522 | 16,18,96 | duplicate-crossover | WO | | sent on already by the first payer
M127,N29,N706 | 16,96,226,250,251,252 | documentation-record | DOC | | medical record
"""
"""Remark codes (835 LQ, MIA, MOA, code source 411) that decide what to do about a reason:

    remarks | reasons | category | action | appeal | wording

They change category, action and appeal. The family of a denial never depends on a remark, for a
reversal need not repeat it.
"""
