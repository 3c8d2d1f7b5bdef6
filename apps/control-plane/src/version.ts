/** Of the server and its command. */
export const serverVersion = '0.1.0';
