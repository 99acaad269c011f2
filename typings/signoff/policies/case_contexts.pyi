from policies.case_contexts import *
