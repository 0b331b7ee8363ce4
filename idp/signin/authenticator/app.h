/* The authenticator as a web app: a page that calls nothing but the API (authenticator.h), and what lets it be
 * installed and open without a network. Handlers' context: struct provider. None of them waits. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_APP_H
#define KONSAO_SIGNIN_AUTHENTICATOR_APP_H

#include "http/http.h"

/** GET /app: all of its screens, in the person's language. The same for everybody: it may be kept. */
http_handler app_show;
/** GET /app/sw.js: its service worker, which differs when any file of the app does. */
http_handler app_worker;
/** GET /app/manifest.webmanifest: how it is installed (W3C Web Application Manifest), in the language of `lang`. */
http_handler app_manifest;

/** GET /.well-known/assetlinks.json: the native app that links open on Android (settings authenticator.android). 404
 * when there is none. */
http_handler app_links_android;
/** GET /.well-known/apple-app-site-association: the same on iOS (authenticator.ios). */
http_handler app_links_ios;

#endif
