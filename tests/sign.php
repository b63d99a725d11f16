<?php
// Signs and checks as a receiver in PHP would, and as the TrustLens plugin does. The lines that it
// reads and writes are those of sign.py.
declare(strict_types=1);

function canonical(string $query, string $timestamp, string $body): string
{
    $pairs = [['timestamp', $timestamp]];
    foreach (explode('&', $query) as $piece) {
        if ($piece !== '') {
            [$key, $value] = explode('=', $piece, 2) + [1 => ''];
            $pairs[] = [urldecode($key), urldecode($value)];
        }
    }
    // Not ksort(): it takes "10" for a number, and equal keys for one. From PHP 8 on usort() keeps
    // the order of what is equal.
    usort($pairs, fn (array $one, array $other): int => strcmp($one[0], $other[0]));
    $text = implode('&', array_map(fn (array $pair): string => "$pair[0]=$pair[1]", $pairs));
    return $body === '' ? $text : "$text|$body";
}

function sign(array $request): string
{
    $secret = base64_decode($request['secret_b64']);
    $body = base64_decode($request['body_b64']);
    $timestamp = $request['timestamp'];
    [$prefix, $message] = match ($request['scheme']) {
        'trustlens' => ['sha256=', "$timestamp.$body"],
        'trustlens_v1' => ['sha256=', $body],
        'trustoo_shop' => ['', canonical('', $timestamp, $body)],
        'trustoo_system' => ['', $body],
        'trustoo_open_api' => ['', canonical($request['query'], $timestamp, $body)],
    };
    return $prefix . hash_hmac('sha256', $message, $secret);
}

while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    $signature = sign($request);
    if ($request['do'] === 'check') {
        echo hash_equals($signature, $request['signature']) ? 'true' : 'false', "\n";
    } else {
        echo $signature, "\n";
    }
}
