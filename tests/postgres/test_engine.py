"""The engine's own tests of learning, recall, facts, time, forgetting, trust and use, on PostgreSQL."""

# ruff: noqa: F403
from __future__ import annotations

from tests.core.test_fact_reading import *
from tests.core.test_fact_writing import *
from tests.core.test_facts import *
from tests.core.test_feedback import *
from tests.core.test_forgetting import *
from tests.core.test_learn import *
from tests.core.test_neutralising import *
from tests.core.test_past import *
from tests.core.test_quarantine import *
from tests.core.test_rebuilding import *
from tests.core.test_recall import *
from tests.core.test_receipts import *
from tests.core.test_tenants import *
from tests.core.test_trust import *
from tests.core.test_upkeep import *
from tests.core.test_use_detection import *

# They wait for bytes to be taken out of a file, which no server promises: see `StorageBackend.scrubs`.
del test_an_erasure_that_cannot_be_finished_holds_up_no_other_tenant  # noqa: F821
del test_what_fails_is_tried_less_and_less_often_and_a_new_erasure_does_not_wait_for_it  # noqa: F821
