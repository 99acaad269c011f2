from policies.files import *
