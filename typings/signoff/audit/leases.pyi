from audit.leases import *
