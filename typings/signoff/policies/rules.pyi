from policies.rules import *
