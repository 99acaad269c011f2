from policies.decision_table import *
