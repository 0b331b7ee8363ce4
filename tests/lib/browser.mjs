// A browser as far as HTTP goes: cookies, forms, redirects that are followed by hand so that a test sees each of them. (The real one is in tests/browser.)

/** Reads the forms of a page: action, method, inputs and buttons. Our own pages only: simple, well-formed HTML. */
export function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head, body]) => ({
    action: attribute(head, 'action') ?? '',
    method: (attribute(head, 'method') ?? 'get').toLowerCase(),
    fields: [...body.matchAll(/<(input|button)\b([^>]*)>/g)].map(([, tag, text]) => ({
      tag, type: attribute(text, 'type') ?? (tag === 'button' ? 'submit' : 'text'), name: attribute(text, 'name'),
      value: attribute(text, 'value') ?? '', checked: /\schecked\b/.test(text), disabled: /\sdisabled\b/.test(text),
    })),
  }));
}

function attribute(text, name) {
  const found = text.match(new RegExp(`(?:^|\\s)${name}="([^"]*)"`));
  return found && unescape(found[1]);
}

export function unescape(text) {
  return text.replace(/&(amp|lt|gt|quot|#39|#x27|#34);/g, (_, name) =>
    ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", '#34': '"' })[name]);
}

const asksConsent = (page) => /value="allow"/.test(page.body);

export class Browser {
  cookies = new Map();

  /** One request, no redirect followed. Cookies go to the provider only (all our tests have one). */
  async request(url, init = {}) {
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0)
      headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      if (attributes.some((text) => /^max-age=0$/i.test(text))) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(name.length + 1));
    }
    const page = { url, status: answer.status, headers: answer.headers, location: undefined, body: await answer.text() };
    if (answer.headers.has('location')) page.location = new URL(answer.headers.get('location'), url).href;
    return page;
  }

  /** Follows redirects as long as they stay at the origin of `url`; a redirect to elsewhere is what it ends with. */
  async go(url, init) {
    let page = await this.request(url, init);
    for (let hops = 0; page.location && new URL(page.location).origin === new URL(page.url).origin; hops++) {
      if (hops > 10) throw new Error('redirected in a circle');
      page = await this.request(page.location);
    }
    return page;
  }

  /** The POST form of the page that has the button `action`, filled in: where it goes, and its body. An array ticks those checkboxes only. */
  fill(page, action, values = {}) {
    const form = forms(page.body).find((one) => one.method === 'post' && one.fields.some((field) => field.value === action));
    if (!form) throw new Error(`no button "${action}" on ${page.url} (${page.status}):\n${page.body}`);
    const body = new URLSearchParams();
    for (const field of form.fields) {
      if (!field.name || field.disabled || field.tag === 'button') continue;
      if (field.type === 'checkbox') {
        const ticked = values[field.name] ? values[field.name].includes(field.value) : field.checked;
        if (ticked) body.append(field.name, field.value);
      } else {
        body.append(field.name, values[field.name] ?? field.value);
      }
    }
    body.append('action', action);
    return { url: new URL(form.action || page.url, page.url).href, body };
  }

  /** Presses that button. */
  submit(page, action, values) {
    const { url, body } = this.fill(page, action, values);
    return this.go(url, { method: 'POST', body });
  }

  /** Signs a resident in on the sign-in pages, up to consent or (when that is not asked) the redirect to the portal. */
  async signIn(register, page, kidc) {
    const before = await register.sent(kidc);
    const codePage = await this.submit(page, 'continue', { kidc });
    return this.submit(codePage, 'continue', { otp: await register.code(kidc, before) });
  }

  /** The same, and allows everything (if that is asked). Answers with what goes to the portal. */
  async signInAndAllow(register, page, kidc) {
    const consent = asksConsent(page) ? page : await this.signIn(register, page, kidc);
    return asksConsent(consent) ? this.submit(consent, 'allow') : consent;
  }
}
