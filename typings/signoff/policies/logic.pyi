from policies.logic import *
