// Tells the page around the frame that the bank's page is over.
'use strict';
parent.postMessage({emulator: 'done'}, '*');
