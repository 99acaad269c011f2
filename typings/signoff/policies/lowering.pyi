from policies.lowering import *
