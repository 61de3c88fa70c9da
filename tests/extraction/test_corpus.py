"""How well concepts are found in sentences of many fields, judged against labels that were written by hand."""

from __future__ import annotations

from continuum.extraction.concept_extractor import ConceptExtractor
from continuum.language.names import normalise_name

CORPUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # software
    ("Our team moved the billing service from MySQL to PostgreSQL last spring.",
     ("billing service", "MySQL", "PostgreSQL")),
    ("The login page throws a NullPointerException when the session token expires.",
     ("login page", "NullPointerException", "session token")),
    ("Can you explain how React hooks differ from class components?", ("React", "class components")),
    ("I pinned numpy to 1.26 because the image pipeline crashed.", ("image pipeline",)),
    ("Set DATABASE_URL before you run `make migrate` on the staging cluster.",
     ("DATABASE_URL", "make migrate", "staging cluster")),
    ("Marta reviewed the pull request about rate limiting yesterday.", ("Marta", "pull request", "rate limiting")),
    ("We use Terraform and Ansible for the Frankfurt region.", ("Terraform", "Ansible", "Frankfurt")),
    ("The function parse_invoice in src/billing/parser.py ignores currency codes.",
     ("parse_invoice", "src/billing/parser.py", "currency codes")),
    ("GraphQL queries are slower than gRPC calls in our load tests.", ("GraphQL", "gRPC", "load tests")),
    ("Please add unit tests for the retry logic in HttpClient.", ("unit tests", "retry logic", "HttpClient")),
    # family and everyday life
    ("My daughter Ella starts kindergarten in September.", ("Ella", "kindergarten")),
    ("Grandpa Theo taught me to whittle wooden spoons.", ("Grandpa Theo", "wooden spoons")),
    ("We adopted a greyhound called Biscuit from the shelter.", ("Biscuit",)),
    ("My husband and I celebrated our wedding anniversary in Lisbon.", ("husband", "wedding anniversary", "Lisbon")),
    ("I love pottery and trail running.", ("pottery", "trail running")),
    ("Noah broke his collarbone at the skate park on Sunday.", ("Noah", "collarbone", "skate park")),
    ("The neighbours complained about our smoke alarm again.", ("smoke alarm",)),
    ("I want to learn the cello before I turn forty.", ("cello",)),
    ("Her favourite book is 'The Wind in the Willows'.", ("The Wind in the Willows",)),
    ("We drove the camper van along Route 66 to Santa Fe.", ("camper van", "Route 66", "Santa Fe")),
    # medicine
    ("The patient takes metformin for type 2 diabetes.", ("metformin", "diabetes")),
    ("Dr. Haddad ordered a chest X-ray and blood tests.", ("Haddad", "chest X-ray", "blood tests")),
    ("She developed a skin rash after starting ibuprofen.", ("skin rash", "ibuprofen")),
    ("His blood pressure dropped once the beta blocker was stopped.", ("blood pressure", "beta blocker")),
    ("I am allergic to penicillin and latex.", ("penicillin", "latex")),
    ("Physiotherapy helped with the knee pain after my marathon.", ("knee pain", "marathon")),
    ("Nurse Adeyemi changed the wound dressing at St. Luke's Hospital.",
     ("Nurse Adeyemi", "wound dressing", "St. Luke's Hospital")),
    # law and money
    ("The landlord refuses to return the security deposit.", ("security deposit",)),
    ("We signed a non-disclosure agreement with Halvorsen & Sons.",
     ("non-disclosure agreement", "Halvorsen & Sons")),
    ("The Court of Appeal upheld the employment contract.", ("Court of Appeal", "employment contract")),
    ("Under GDPR the data controller must answer access requests.", ("GDPR", "data controller", "access requests")),
    ("My tax advisor says the home office is deductible.", ("tax advisor", "home office")),
    ("Priya opened a savings account at Northwind Bank.", ("Priya", "savings account", "Northwind Bank")),
    ("The inheritance was split between Otto and his half-sister.", ("inheritance", "Otto")),
    # cooking and garden
    ("Fold the egg whites into the chocolate mousse.", ("egg whites", "chocolate mousse")),
    ("For the sourdough starter I only use rye flour.", ("sourdough starter", "rye flour")),
    ("Simmer the coconut milk with lemongrass and fish sauce.", ("coconut milk", "lemongrass", "fish sauce")),
    ("The tomato plants got blight after the heavy rain.", ("tomato plants", "blight")),
    ("We planted lavender next to the rose bed.", ("lavender", "rose bed")),
    ("Chef Laurent serves duck confit with red cabbage at Le Petit Canard.",
     ("Laurent", "duck confit", "red cabbage", "Le Petit Canard")),
)  # fmt: skip

PRECISION_MIN = 0.85
RECALL_MIN = 0.90


def test_precision_and_recall_over_many_fields() -> None:
    extractor = ConceptExtractor()
    hits = found_count = labelled = 0
    wrong: list[str] = []
    for sentence, names in CORPUS:
        expected = {normalise_name(name) for name in names}
        found = {concept.key: concept.name for concept in extractor.find(sentence)}
        hits += len(expected & found.keys())
        found_count += len(found)
        labelled += len(expected)
        extra = [found[key] for key in found.keys() - expected]
        missed = [name for name in names if normalise_name(name) not in found]
        if extra or missed:
            wrong.append(f"{sentence} +{extra} -{missed}")
    report = "\n".join(wrong)
    assert hits / found_count >= PRECISION_MIN, f"precision {hits / found_count:.3f}\n{report}"
    assert hits / labelled >= RECALL_MIN, f"recall {hits / labelled:.3f}\n{report}"
