from app.log_view import *
