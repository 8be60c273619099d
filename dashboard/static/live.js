// The dashboard and the page of one call.

import { keepFresh } from "./poke.js";

keepFresh();
