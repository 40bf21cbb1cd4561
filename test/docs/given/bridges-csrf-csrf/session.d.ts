// A session is there, as that of express-session.
import type {} from 'express-session';
