from policies.tables import *
