from app.secret_sources import *
