from policies.symbols import *
