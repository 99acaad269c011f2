from policies.seating import *
