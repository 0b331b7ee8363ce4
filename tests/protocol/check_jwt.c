/* check_jwt ALG PEM: reads a JWT from standard input and lets libjwt judge it. 0 and the claims as JSON when the
 * signature is right and of that algorithm; 1 with a word on standard error otherwise. */
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 65536

static int refuse(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

int main(int argc, char **argv)
{
    static char token[TOKEN_MAX + 1];
    jwt_t *jwt = NULL;
    if (argc != 3)
        return refuse("usage: check_jwt ALG PEM < token");
    size_t n = fread(token, 1, TOKEN_MAX, stdin);
    token[n] = '\0';
    if (jwt_decode(&jwt, token, (const unsigned char *)argv[2], (int)strlen(argv[2])) != 0)
        return refuse("the signature is not right");
    /* libjwt believes the token's own header, so the algorithm is compared here. */
    if (jwt_get_alg(jwt) == JWT_ALG_NONE || jwt_get_alg(jwt) != jwt_str_alg(argv[1])) {
        jwt_free(jwt);
        return refuse("the algorithm is another");
    }
    char *claims = jwt_get_grants_json(jwt, NULL);
    if (claims)
        puts(claims);
    free(claims);
    jwt_free(jwt);
    return claims ? 0 : refuse("no claims");
}
