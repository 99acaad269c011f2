from policies.tokens import *
