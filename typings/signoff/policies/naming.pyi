from policies.naming import *
