from audit.export_files import *
