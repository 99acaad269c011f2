from policies.checker import *
