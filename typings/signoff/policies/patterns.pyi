from policies.patterns import *
