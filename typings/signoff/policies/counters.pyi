from policies.counters import *
