from policies.decision import *
