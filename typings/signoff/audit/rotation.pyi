from audit.rotation import *
