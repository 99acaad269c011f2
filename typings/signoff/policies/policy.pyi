from policies.policy import *
