from app.testing import *
