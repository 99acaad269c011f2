from audit.files import *
