from audit.log_reading import *
