from policies.symbolic_decision import *
