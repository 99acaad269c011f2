from audit.verify import *
