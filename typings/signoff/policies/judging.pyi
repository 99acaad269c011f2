from policies.judging import *
