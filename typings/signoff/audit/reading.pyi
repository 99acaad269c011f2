from audit.reading import *
