from policies.reasons import *
