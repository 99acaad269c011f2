from app.secret_fields import *
