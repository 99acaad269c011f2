from policies.condition_regions import *
