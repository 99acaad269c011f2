from policies.outcomes import *
