from policies.regions import *
