from audit.past import *
